"""Tools as an upstream publishes them: their definition, its pin, its headers, its changes. All of it is pure."""
