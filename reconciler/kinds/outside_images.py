"""Image: a container image in ECR. Images of other registries are not asked about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.kinds.outside import Outside, elsewhere, own_account, together
from reconciler.model.batch import batches
from reconciler.model.errors import AwsError, NotFound
from reconciler.model.kind import Answer, Reader, Referent
from reconciler.model.observed import NEVER, Observed, Wanted
from reconciler.model.permission import Place, Use
from reconciler.model.tree import Tree

_ECR = re.compile(
    r"(?P<registry>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<repository>[a-z0-9][a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, order=True)
class _Place:
    region: str
    registry: str
    repository: str


@dataclass(frozen=True)
class Pullable:
    """An image that is not in ECR before somebody pulls it; the rule that then brings it, by its prefix."""

    prefix: str


class Image(Outside):
    """An image of a private ECR registry, as definitions write it: with a tag, a digest, or neither (``latest``)."""

    name = "Image"
    remedy = "push the image first, or correct its tag"
    uses = (
        Use("ecr:DescribeImages", ("repository/{repository}",)),
        Use("ecr:DescribePullThroughCacheRules"),
    )

    def places(self, spec: Tree, referent: Referent) -> Iterable[Place]:
        place, _ = _parts(str(spec["name"]))
        return [{"region": place.region, "account": place.registry, "repository": place.repository}]

    def named(self, value: str) -> str | None:
        return value if _ECR.fullmatch(value) else None

    def observe(self, read: Reader, wanted: Sequence[Wanted]) -> Iterator[Observed]:
        places = {want.owned[0]: _parts(want.owned[0]) for want in wanted}
        for region in sorted({place.region for place, _ in places.values()}):
            here = [want for want in wanted if places[want.owned[0]][0].region == region]
            found = _described(read, region, [places[want.owned[0]] for want in here])
            lacking = {place for (place, _), answer in found.items() if isinstance(answer, NotFound)}
            unsure = _unsure(read, region, lacking)
            for want in here:
                place, name = places[want.owned[0]]
                yield _observed(want, found[place, name], unsure.get(place))


def tag_of(image: str) -> str | None:
    """The tag of an image in a private registry, ``latest`` where it says none; None of any other image."""
    found = _ECR.fullmatch(image)
    return (found["tag"] or "latest") if found is not None and not found["digest"] else None


def has_digest(image: str) -> bool:
    """Whether an image of whatever registry says its digest."""
    return "@sha256:" in image


def with_digest(image: str, digest: str) -> str:
    """An image of a private registry by its digest in the place of its tag."""
    place, _ = _parts(image)
    return f"{image.partition('/')[0]}/{place.repository}@{digest}"


def digests(read: Reader, images: Iterable[str]) -> dict[str, str | Pullable | AwsError]:
    """The digest that each image's tag has now, or why it cannot be told; NotFound: there is none."""
    places = {image: _parts(image) for image in images}
    found: dict[str, str | Pullable | AwsError] = {}
    for region in sorted({place.region for place, _ in places.values()}):
        here = {image: parts for image, parts in places.items() if parts[0].region == region}
        answers = _described(read, region, here.values())
        lacking = {place for (place, _), answer in answers.items() if isinstance(answer, NotFound)}
        unsure = _unsure(read, region, lacking)
        for image, (place, tag) in here.items():
            answer, rule = answers[place, tag], unsure.get(place)
            if isinstance(answer, NotFound) and isinstance(rule, str):
                found[image] = Pullable(rule)
            else:
                found[image] = answer if isinstance(answer, AwsError) else _digest(answer, image, tag)
    return found


def _digest(answer: Answer, image: str, tag: str) -> str | AwsError:
    for detail in answer.get("imageDetails", ()):
        if tag in detail.get("imageTags", ()):
            return str(detail["imageDigest"])
    return NotFound(f"{image} is not there", operation="ecr:DescribeImages")


def _described(
    read: Reader, region: str, images: Iterable[tuple[_Place, str]]
) -> dict[tuple[_Place, str], Answer | AwsError]:
    """An answer for each image, asked for by repository."""
    names: dict[_Place, dict[str, None]] = {}
    for place, name in images:
        names.setdefault(place, {})[name] = None
    asked = [
        {"registryId": place.registry, "repositoryName": place.repository, "imageIds": [_id(name) for name in batch]}
        for place, all_names in names.items()
        for batch in batches(list(all_names), 100)
    ]
    return {
        (_Place(region, params["registryId"], params["repositoryName"]), next(iter(identifier.values()))): answer
        for params, identifier, answer in together(read, "ecr:DescribeImages", asked, "imageIds", region=region)
    }


def _unsure(read: Reader, region: str, lacking: frozenset[_Place] | set[_Place]) -> dict[_Place, AwsError | str]:
    """Why images that are not there may be there all the same: another account's, or fetched by the first pull."""
    if not lacking:
        return {}
    mine = own_account(read)
    found: dict[_Place, AwsError | str] = {
        place: elsewhere("ecr:DescribeImages", f"{place.registry}.dkr.ecr.{place.region}.amazonaws.com")
        for place in lacking
        if place.registry != mine
    }
    if own := lacking - found.keys():
        try:
            rules = read.pages("ecr:DescribePullThroughCacheRules", {}, "pullThroughCacheRules", region=region)
        except AwsError as error:
            return found | dict.fromkeys(own, error)
        prefixes = [rule["ecrRepositoryPrefix"] for rule in rules]
        for place in own:
            rule = next((it for it in prefixes if it == "ROOT" or place.repository.startswith(f"{it}/")), None)
            found |= {place: rule} if rule else {}
    return found


def _observed(want: Wanted, answer: Answer | AwsError, unsure: AwsError | str | None) -> Observed:
    spec = {"name": want.owned[0]}
    if isinstance(answer, Answer):
        return Observed(want.key, answer.at, spec)
    if not isinstance(answer, NotFound):
        return Observed.failed(want.key, answer)
    if isinstance(unsure, AwsError):
        return Observed.failed(want.key, unsure)
    return Observed(want.key, NEVER, spec if unsure else None)


def _parts(text: str) -> tuple[_Place, str]:
    found = _ECR.fullmatch(text)
    assert found is not None
    place = _Place(found["region"], found["registry"], found["repository"])
    return place, found["digest"] or found["tag"] or "latest"


def _id(name: str) -> dict[str, str]:
    return {"imageDigest" if name.startswith("sha256:") else "imageTag": name}
