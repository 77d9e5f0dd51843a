# The agent in a container: `docker run … agent`. The same image is the command line: `docker run … plan -e production`.
# Nothing in it depends on the processor: build it with `docker buildx build --platform linux/amd64,linux/arm64`.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY reconciler ./reconciler
COPY manifests ./manifests
# Whatever has to be compiled is not wanted: each dependency has wheels for both processors. `age` opens what age sealed.
RUN pip install --no-cache-dir --only-binary=:all: --prefix /install '.[age]'

FROM python:3.11-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="reconciler" \
      org.opencontainers.image.description="GitOps for Amazon ECS: keeps what runs equal to what a repository says" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# git and ssh fetch the repository, gnupg checks who signed a commit. Nothing is installed by anybody from here on.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git gnupg openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && pip uninstall --yes --root-user-action=ignore setuptools wheel pip
COPY --from=build /install /usr/local
# ssh wants a user with a name and a home. The home is the one place that is written to, beside /tmp: with a read-only
# root both are volumes, and a volume takes its owner from what lies here.
RUN useradd --uid 10001 --home-dir /var/lib/reconciler --create-home --shell /usr/sbin/nologin reconciler \
 && chmod 0700 /var/lib/reconciler
ENV HOME=/var/lib/reconciler \
    TMPDIR=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
VOLUME ["/var/lib/reconciler", "/tmp"]
USER 10001
WORKDIR /var/lib/reconciler
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["reconciler", "healthcheck"]
ENTRYPOINT ["reconciler"]
CMD ["agent"]
