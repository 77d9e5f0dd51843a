"""What AWS is: one file a kind.

A kind says as data which fields exist, how they compare and what a change of each does; as pure functions which calls
bring it about and how healthy it is. Only ``observe`` reads, through the Reader it is handed. No kind imports another:
what two of them share is a rule and lives in ``core`` or ``model``.
"""
