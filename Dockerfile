# syntax=docker/dockerfile:1
FROM node:24.21.0-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its script: the native parts come prebuilt, and Node comes with the image.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY model ./model
COPY budget ./budget
COPY codec ./codec
COPY tracing ./tracing
COPY workflows ./workflows
COPY activities ./activities
COPY sources ./sources
COPY destinations ./destinations
COPY config ./config
COPY worker ./worker
COPY client ./client
# Bundles the workflows too: that takes seconds and a gigabyte that a worker should not need when it starts.
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund && rm -rf node_modules/.cache

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# For TLS to Temporal Cloud; the slim image has none.
COPY --from=build /etc/ssl/certs /etc/ssl/certs
# Owned by root: the process cannot change its own code.
COPY --from=build /app/package.json /app/package.json
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
RUN install --directory --mode 700 --owner node --group node /data
WORKDIR /app
USER 1000:1000
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/client/bin.js"]
CMD ["--help"]
