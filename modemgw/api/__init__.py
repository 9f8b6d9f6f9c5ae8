"""The HTTP API: requests to the gateway and back, webhooks, streams, and its own description.

`app.Api` puts the pieces together. A resource is a class with a table of `routing.Route`s; the
server, the check of keys and the OpenAPI description are all made from those tables.
"""
