"""Templates to text: mail and pages. Opens no socket, and no file outside the template folders."""
