"""The vocabulary: frozen values that every room above speaks in. Nothing here decides or acts."""
