"""What REST APIs and HTTP APIs share: OpenAPI documents, who may call, answers, metrics, the way to HTTP backends."""
