"""Templates to text: mail stories, frames and pages. Opens no socket, and no file outside the template folders."""
