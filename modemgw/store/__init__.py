"""What is kept: tables, the engine, the one writer, reads and migrations.

Everything that changes state goes through `writer.Writer`; everything else reads through
`reader.Reader`. Functions in the other modules take a connection or a transaction and are plain
SQL in plain words; they decide nothing.
"""
