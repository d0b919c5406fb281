"""What is answered, as types: one module a subject, where they would fill its routes."""
