"""Demo MCP servers that stand behind the gateway on a developer's machine."""
