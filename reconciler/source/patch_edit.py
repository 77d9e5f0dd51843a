"""One member of one resource, set in the text that gives it: in a patch of an Environment, or in its own manifest."""

from __future__ import annotations

from reconciler.source.edit import EditError, File
from reconciler.source.formats import API_VERSION
from reconciler.source.spans import Span
from reconciler.source.spelling import Value

_ENVIRONMENT = "Environment"


def set_patch_member(text: str, kind: str, name: str, member: str, value: str, *, file: str = "") -> str:
    """The text of an Environment's file with ``spec.<member>`` of the patch that selects exactly this resource set.

    The patch, the list of patches and the document are made where they are not there. Of several such patches it is
    the last one that has the member, else the last. Raises EditError.
    """
    here = File.of(text, file)
    patch: Value = {"select": {"kind": kind, "name": name}, "spec": {member: value}}
    if not here.spans:
        document: Value = {"apiVersion": API_VERSION, "kind": _ENVIRONMENT, "spec": {"patches": [patch]}}
        return here.with_document(document)
    index = _only(here, _ENVIRONMENT)
    patches = _inside(here.spans[index], "spec", "patches")
    if patches is None or patches.empty:
        return here.put(index, ("spec", "patches"), [patch])
    if patches.kind != "list":
        raise EditError("'patches' is no list", where=file, hint="mend it first")
    chosen = [place for place, it in enumerate(patches.items) if _selects(it, kind, name)]
    having = [place for place in chosen if _inside(patches.items[place], "spec", member) is not None]
    if not chosen:
        return here.appended(index, ("spec", "patches"), patch)
    return here.put(index, ("spec", "patches", (having or chosen)[-1], "spec", member), value)


def set_spec_member(text: str, kind: str, name: str, member: str, value: str, *, file: str = "") -> str:
    """The text of a manifest's file with ``spec.<member>`` of this resource set. Raises EditError."""
    here = File.of(text, file)
    found = [
        index
        for index, span in enumerate(here.spans)
        if _text(_inside(span, "kind")) == kind and _text(_inside(span, "metadata", "name")) == name
    ]
    if len(found) != 1:
        many = "there are several manifests" if found else "there is no manifest"
        raise EditError(f"{many} of {kind}/{name} in this file", where=file, hint="edit it by hand")
    return here.put(found[0], ("spec", member), value)


def _only(here: File, kind: str) -> int:
    found = [index for index, span in enumerate(here.spans) if _text(_inside(span, "kind")) == kind]
    if len(found) != 1:
        message = f"the file holds {len(found)} documents of kind {kind}, where one is required"
        raise EditError(message, where=here.name, hint=f"write kind: {kind} into the document that is meant")
    return found[0]


def _selects(patch: Span, kind: str, name: str) -> bool:
    select = _inside(patch, "select")
    if select is None or select.kind != "map":
        return False
    said = {key.value: value.value for key, value in select.members if not value.empty}
    return said == {"kind": kind, "name": name}


def _inside(span: Span, *names: str) -> Span | None:
    for name in names:
        pair = span.member(name)
        if pair is None:
            return None
        span = pair[1]
    return span


def _text(span: Span | None) -> str | None:
    return span.value if span is not None and span.kind == "scalar" else None
