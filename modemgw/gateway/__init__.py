"""What to send, on which line, when; what came in. Knows no HTTP and no AT.

`gateway.Gateway` is the face: the API calls it, modems tell it.
"""
