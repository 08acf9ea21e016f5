"""Events from the server to browsers: append-only streams in Valkey and the sockets that follow them.

A stream belongs to one audience (a conversation, an uploader). Whoever writes appends to it and forgets; a socket
follows it from the last sequence number its browser has seen. So a reload, a second tab or another replica of the
web process sees the same events in the same order, and nobody's work depends on anybody watching.
"""
