# syntax=docker/dockerfile:1
FROM node:24.21.0-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its script: the native parts come prebuilt, and Node comes with the image.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node node_modules/.cache
COPY model ./model
COPY codec ./codec
COPY workflows ./workflows
COPY activities ./activities
COPY sources ./sources
COPY destinations ./destinations
COPY config ./config
COPY worker ./worker
COPY client ./client
# Made here, since it takes seconds and a gigabyte that a worker should not need when it starts.
RUN node worker/prebuild-workflows.ts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# For TLS to Temporal Cloud; the slim image has none.
COPY --from=build /etc/ssl/certs /etc/ssl/certs
# Owned by root: the process cannot change its own code.
COPY --from=build /app /app
RUN install --directory --mode 700 --owner node --group node /data
WORKDIR /app
USER 1000:1000
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/client/main.ts"]
CMD ["--help"]
