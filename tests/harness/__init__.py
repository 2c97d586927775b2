"""What the Python tests share: a server process, a raw HTTP client, tables and items."""
