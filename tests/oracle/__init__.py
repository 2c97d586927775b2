"""The oracle: the same calls to Stator and to DynamoDB Local, and their answers compared. See tests/README.md."""
