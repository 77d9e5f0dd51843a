# The image the agent will run in. Until there is one it holds the command line: `docker run … plan -e production`.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY reconciler ./reconciler
COPY manifests ./manifests
RUN pip install --no-cache-dir --prefix /install .

FROM python:3.11-slim
# git reads the repository's objects; openssh-client fetches them from remotes with a deploy key.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /install /usr/local
# ssh wants a user with a name and a home.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin reconciler
USER 10001
WORKDIR /home/reconciler
# Logs are seen when they are written.
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["reconciler"]
CMD ["--help"]
