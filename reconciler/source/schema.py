"""JSON Schema (draft-07) of a manifest of any kind, for editors. It never refuses what the loader takes."""

from __future__ import annotations

from typing import Any, get_args

from reconciler.model.json_schema import VARIABLE
from reconciler.model.kind import Kind, Kinds
from reconciler.model.policy import Drift, Images, Rollback, Rotation
from reconciler.source.formats import API_VERSION
from reconciler.source.repository import APP, ENVIRONMENT

_TEXT = {"type": ["string", "number", "boolean", "null"]}
_BOOLEAN = {"type": ["boolean", "string", "null"], "pattern": rf"^([Tt]rue|[Ff]alse|TRUE|FALSE)$|{VARIABLE}"}
_NUMBER = {"type": "number", "exclusiveMinimum": 0}


def manifest_schema(kinds: Kinds) -> dict[str, Any]:
    """The schema of one document of a manifest file."""
    definitions: dict[str, Any] = {"metadata": _metadata(), "policy": _policy(), "patch": _patch(sorted(kinds))}
    branches = []
    for name, kind in sorted(kinds.items()):
        definitions[name] = _spec(kind, definitions)
        branches.append(_branch(name, {"$ref": "#/definitions/metadata"}))
    named = _object({"name": _TEXT})
    for name, spec in ((APP, _app()), (ENVIRONMENT, _environment())):
        definitions[name] = spec
        branches.append(_branch(name, named))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Manifest",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"enum": [*sorted(kinds), APP, ENVIRONMENT]},
            "metadata": {},
            "spec": {},
        },
        "additionalProperties": False,
        "allOf": branches,
        "definitions": definitions,
    }


def _branch(kind: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"properties": {"metadata": metadata, "spec": {"$ref": f"#/definitions/{kind}"}}},
    }


def _spec(kind: Kind, definitions: dict[str, Any]) -> dict[str, Any]:
    """A kind's spec, with what an answer of AWS may carry along. Nothing is required: patches and defaults add."""
    schema = kind.Spec.json_schema()
    for name, inner in schema.pop("definitions").items():
        definitions.setdefault(name, inner)
    ignored = {"description": "Only answers of AWS hold this; it is ignored."}
    unwrapped = {"description": "An answer of AWS as it is; its content is the spec."}
    extra: dict[str, Any] = dict.fromkeys(kind.fields.response_only, ignored)
    extra |= dict.fromkeys(kind.fields.wrappers, unwrapped)
    if kind.fields.wrappers:
        extra |= {"failures": ignored, "ResponseMetadata": ignored}
    properties = {**dict(sorted(extra.items())), **schema["properties"]}
    return {**schema, "type": ["object", "null"], "properties": properties}


def _object(properties: dict[str, Any], *required: str, description: str = "") -> dict[str, Any]:
    return {
        **({"description": description} if description else {}),
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
    }


def _texts(description: str) -> dict[str, Any]:
    return {"type": ["array", "null"], "items": _TEXT, "description": description}


def _words(words: tuple[str, ...], description: str) -> dict[str, Any]:
    return {"anyOf": [{"enum": [*words, None]}, {"type": "string", "pattern": VARIABLE}], "description": description}


def _metadata() -> dict[str, Any]:
    return _object(
        {
            "name": {**_TEXT, "description": "Unique per kind within an app."},
            "app": {**_TEXT, "description": "The app it belongs to. Default: the folder's name under apps/."},
            "labels": {"type": ["object", "null"], "additionalProperties": _TEXT},
            "formerly": {**_TEXT, "description": "The name it had before: name, Kind/name or app/Kind/name."},
            "dependsOn": _texts("What has to be Ready first: Kind/name or app/Kind/name."),
            "policy": {"$ref": "#/definitions/policy"},
        },
        "name",
    )


def _policy() -> dict[str, Any]:
    return _object(
        {
            "prune": {**_BOOLEAN, "description": "Whether it is deleted when its manifest is gone."},
            "adopt": {**_BOOLEAN, "description": "Whether an untagged twin may be taken over."},
            "replace": {**_BOOLEAN, "description": "Whether it may be replaced when it cannot be changed in place."},
            "drift": _words(get_args(Drift), "What to do when the live resource differs."),
            "rollback": _words(get_args(Rollback), "What to go back to when a rollout fails."),
            "rotation": _words(get_args(Rotation), "What to do when tasks run with an older value of a secret."),
            "timeout": {**_TEXT, "description": "How long a rollout may take: 20m, 90s, 300."},
            "minReady": {**_TEXT, "description": "How long new tasks must run without a stop to count as ready: 30s."},
            "keepRevisions": {**_TEXT, "description": "How many successful revisions of a family are kept: 10."},
            "deletionLimit": {**_TEXT, "description": 'How much one run may delete: 5 or "20%".'},
            "images": _words(get_args(Images), "Whether an image's tag is taken as written, or as its digest now."),
            "ignore": _texts("Members whose live value is taken as the desired one."),
        },
        description="What may be done. Safety switches have to be allowed at every level that speaks.",
    )


def _patch(kinds: list[str]) -> dict[str, Any]:
    labels = {"type": ["object", "null"], "additionalProperties": _TEXT}
    select = {"kind": {"enum": [*kinds, None]}, "name": _TEXT, "app": _TEXT, "labels": labels}
    metadata = {"labels": labels, "policy": {"$ref": "#/definitions/policy"}, "dependsOn": _texts("What to wait for.")}
    spec = {"type": ["object", "null"], "description": "Merged in; null removes a member, $remove: true an element."}
    return _object({"select": _object(select), "spec": spec, "metadata": _object(metadata)}, "select")


def _layer() -> dict[str, Any]:
    return {
        "vars": {"type": ["object", "null"], "description": "Values for ${{ vars.name }}."},
        "varsFrom": _texts("Files of variables, by path from the repository's root: YAML, JSON or dotenv."),
        "policy": {"$ref": "#/definitions/policy"},
    }


def _app() -> dict[str, Any]:
    own = {"dependsOn": _texts("Apps that have to be Ready first."), "suspend": _BOOLEAN}
    return _object({**_layer(), **_consent(), **own})


def _consent() -> dict[str, Any]:
    """What holds changes back: of an environment, of an app, of an app in an environment."""
    window = _object(
        {
            "allow": {**_TEXT, "description": "Opens at these times, in cron's five fields: 0 9 * * 1-5."},
            "deny": {**_TEXT, "description": "The same, of a time when nothing may be changed."},
            "duration": {**_TEXT, "description": "How long it is open then: 8h."},
            "timeZone": {**_TEXT, "description": "Whose clock is meant: Europe/Berlin. Default: UTC."},
        }
    )
    said = "When changes may be made. An open one that denies wins; where one allows, one that allows has to be open."
    return {
        "windows": {"type": ["array", "null"], "items": window, "description": said},
        "approve": {**_BOOLEAN, "description": "Whether a person has to approve each plan: reconciler approve."},
    }


def _allow() -> dict[str, Any]:
    return _object(
        {
            "paths": _texts("Files that manifests may lie in: apps/shop/*"),
            "kinds": _texts("Kinds that there may be."),
            "roles": _texts("IAM roles that manifests may name: by name, or by ARN."),
            "images": _texts("Images that containers may run: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/*"),
        },
        description="What manifests may hold here: patterns for each matter, * is any text. Left out: anything.",
    )


def _environment() -> dict[str, Any]:
    return _object(
        {
            **_layer(),
            **_consent(),
            "allow": _allow(),
            "region": _TEXT,
            "accountId": {**_TEXT, "description": "Twelve digits in quotes. Other credentials are refused."},
            "assumeRole": {**_TEXT, "description": "The ARN of a role to assume."},
            "endpointUrl": {**_TEXT, "description": "Another endpoint than AWS's own."},
            "cluster": {**_TEXT, "description": "The cluster of every resource that names none."},
            "apps": _texts("The apps of this environment. Default: all."),
            "lease": {**_TEXT, "description": "Where the one writer is agreed on: dynamodb:<table> or file:/<path>."},
            "callRates": {
                "type": ["object", "null"],
                "description": "Bucket of calls to its size, for accounts with other limits than the usual ones.",
                "additionalProperties": _object({"burst": _NUMBER, "perSecond": _NUMBER}),
            },
            "sealing": _object(
                {
                    "kms": {**_TEXT, "description": "The KMS key that seals values: its ARN, id or alias."},
                    "age": _texts("The recipients of age that values are sealed for: age1…."),
                },
                description="With what the values of secrets are sealed: kms or age.",
            ),
            "patches": {"type": ["array", "null"], "items": {"$ref": "#/definitions/patch"}},
            "tfstate": _tfstate(),
        }
    )


def _tfstate() -> dict[str, Any]:
    return _object(
        {
            "file": {**_TEXT, "description": "A path from the repository's root, or an absolute one."},
            "s3": {**_TEXT, "description": "s3://bucket/key"},
            "region": {**_TEXT, "description": "The bucket's. Default: the environment's."},
            "resources": {**_BOOLEAN, "description": "Whether attributes of resources may be looked up, too."},
        },
        description="Where the Terraform state lies that ${{ tfstate.outputs.NAME }} is looked up in: file or s3.",
    )
