"""One tick: observe, plan, gate, apply, roll up.

``reconcile`` is the product on one screen. The only place where reads and writes are ordered, and, beside ``agent``,
the only one with threads.
"""
