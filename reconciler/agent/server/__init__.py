"""How the agent is asked over HTTP: probes, metrics, status and plan, people's words, webhooks.

Handlers read the Board and speak through the Desk; they decide nothing and know no AWS call. Whoever asks is a stranger
until a token or a signature says otherwise: nothing of a body is read before its length is known to be bearable, and
nothing in it is believed before it is checked. No secret of the agent's is in an answer, a log line or a repr.
"""
