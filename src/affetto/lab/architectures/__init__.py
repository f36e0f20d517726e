"""The networks of the field, from their descriptions in print; each hears features whole."""
