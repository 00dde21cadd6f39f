"""The pages for people: who approves, who asked, and what waits. Rendered here, without JavaScript.

Reading order: `serve` (one request, the table of pages), `request` (what a browser sends), `visit` (who
sits before it), `guard` (whether a form is genuine), `approval_page`, `request_page`, `waiting`,
`access_page`, `grant_page`, `evidence_page` and `session_page` (the pages), `shown` (what an approver sees
of a call), `sign_in` and `openid` (how a person gets a session), `web_session` and `cookies` (what the
browser keeps), `render` (templates and headers).
"""
