"""An MCP server with personal values in every place that it can fill, in both eras; for a live test only."""

import base64
import json
import warnings
from typing import Any

from mcp.server import Server
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    Annotations,
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    CompleteResult,
    Completion,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    GetPromptResult,
    Icon,
    ImageContent,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListRootsRequest,
    ListRootsResult,
    ListToolsResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceLink,
    ResourceTemplate,
    SamplingMessage,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)
from starlette.types import ASGIApp

MAIL, CARD, SALARY = "planted.person@example.com", "4012888888881881", 7654321
VALUES = (MAIL, CARD, str(SALARY))
# Definitions of tools are pinned, so what they hold takes another way through the gateway.
PINNED_MAIL, PINNED_CARD, PINNED_SALARY = "pinned.person@example.com", "5105105105105100", 6543217
PINNED_VALUES = (PINNED_MAIL, PINNED_CARD, str(PINNED_SALARY))
TEXT = f"see {MAIL} or {CARD}"
DATA: dict[str, Any] = {"salary": SALARY, "note": TEXT, "deep": [{"card": CARD, "salary": SALARY}]}
META = {"example.countersign/data": DATA}
ICONS = [Icon(src=f"https://host.example/{MAIL}/icon", mime_type=TEXT, sizes=[TEXT])]
NOTED = Annotations(last_modified=TEXT)
PINNED = f"see {PINNED_MAIL} or {PINNED_CARD}"
SCHEMA = {
    "type": "object",
    "title": PINNED,
    "properties": {"salary": {"type": "integer", "description": PINNED, "default": PINNED_SALARY}},
}
FAILURE = 1001


def _blob(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_RESOURCE: dict[str, Any] = {
    "title": TEXT,
    "description": TEXT,
    "mime_type": "text/plain",
    "annotations": NOTED,
    "icons": ICONS,
}
CONTENTS: list[TextResourceContents | BlobResourceContents] = [
    TextResourceContents(uri=f"planted://{MAIL}", text=TEXT, _meta=META),
    BlobResourceContents(uri="planted://1", mime_type="application/json", blob=_blob(json.dumps(DATA)), _meta=META),
]
CONTENT: list[ContentBlock] = [
    TextContent(text=TEXT, annotations=NOTED, _meta=META),
    TextContent(text=json.dumps(DATA, indent=1)),
    ImageContent(data=_blob(TEXT), mime_type="image/svg+xml", annotations=NOTED, _meta=META),
    AudioContent(data=_blob(TEXT), mime_type="text/plain", annotations=NOTED, _meta=META),
    *(EmbeddedResource(resource=each, annotations=NOTED, _meta=META) for each in CONTENTS),
    ResourceLink(uri=f"planted://{MAIL}", name=TEXT, _meta=META, **_RESOURCE),
]
TOOLS = [
    Tool(
        name=name,
        title=PINNED,
        description=PINNED,
        input_schema=SCHEMA,
        annotations=ToolAnnotations(title=PINNED),
        icons=[Icon(src=f"https://host.example/{PINNED_MAIL}/icon")],
        _meta={"example.countersign/data": {"salary": PINNED_SALARY, "note": PINNED}},
    )
    for name in ("tell", "fail", "err", "ask", "ask_in_rounds", "gated")
]
FORM = ElicitRequest(
    params=ElicitRequestFormParams(
        message=TEXT,
        requested_schema={
            "type": "object",
            "properties": {"salary": {"type": "integer", "title": TEXT, "default": SALARY}},
        },
    )
)
SAMPLE = CreateMessageRequest(
    params=CreateMessageRequestParams(
        messages=[SamplingMessage(role="user", content=TextContent(text=TEXT, _meta=META))],
        max_tokens=9,
        system_prompt=TEXT,
        stop_sequences=[TEXT],
        metadata=DATA,
    )
)


async def _call(ctx: Any, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
    if params.name == "err":
        raise MCPError(FAILURE, TEXT, DATA)
    if params.name == "ask":
        here = ServerMessageMetadata(related_request_id=ctx.request_id)
        await ctx.session.elicit_form(FORM.params.message, FORM.params.requested_schema, ctx.request_id)  # type: ignore[union-attr]
        await ctx.session.send_request(SAMPLE, CreateMessageResult, metadata=here)
        await ctx.session.send_request(ListRootsRequest(), ListRootsResult, metadata=here)
    if params.name == "ask_in_rounds" and not params.input_responses:
        return InputRequiredResult(input_requests={"form": FORM, "sample": SAMPLE}, _meta=META)
    if params.name == "tell":
        await ctx.session.report_progress(1, 2, TEXT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            sending = ctx.session.send_log_message("info", DATA, TEXT, related_request_id=ctx.request_id)
        await sending
    return CallToolResult(content=CONTENT, structured_content=DATA, is_error=params.name == "fail", _meta=META)


def _giving(result: Any) -> Any:
    async def give(_ctx: Any, _params: Any) -> Any:
        return result

    return give


async def _read(_ctx: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
    if params.uri != "planted://1":
        raise MCPError(FAILURE, f"{TEXT}: {params.uri}", DATA)
    return ReadResourceResult(contents=CONTENTS, _meta=META)


def app() -> ASGIApp:
    """The server as an ASGI app at `/mcp`."""
    prompt = Prompt(
        name="letter",
        title=TEXT,
        description=TEXT,
        arguments=[PromptArgument(name="to", title=TEXT, description=TEXT)],
        icons=ICONS,
        _meta=META,
    )
    told = [PromptMessage(role="user", content=block) for block in CONTENT]
    template = ResourceTemplate(uri_template=f"planted://{MAIL}/{{id}}", name=TEXT, _meta=META, **_RESOURCE)
    server: Server[Any] = Server(
        "planted",
        version="1",
        title=TEXT,
        description=TEXT,
        instructions=TEXT,
        website_url=f"https://host.example/{MAIL}",
        icons=ICONS,
        on_list_tools=_giving(ListToolsResult(tools=TOOLS, _meta=META)),
        on_call_tool=_call,
        on_list_resources=_giving(
            ListResourcesResult(resources=[Resource(uri=f"planted://{MAIL}", name=TEXT, _meta=META, **_RESOURCE)])
        ),
        on_list_resource_templates=_giving(ListResourceTemplatesResult(resource_templates=[template])),
        on_read_resource=_read,
        on_list_prompts=_giving(ListPromptsResult(prompts=[prompt])),
        on_get_prompt=_giving(GetPromptResult(description=TEXT, messages=told, _meta=META)),
        on_completion=_giving(CompleteResult(completion=Completion(values=[TEXT, CARD]), _meta=META)),
    )
    return server.streamable_http_app(host="localhost")
