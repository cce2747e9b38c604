# The document's usage examples of both modules, as they are written there; only `source` is where the modules lie here,
# and `endpoint_url` leads the printed URLs to the emulator. For tests only.

variable "environment" {
  type    = string
  default = "dev"
}

variable "endpoint_url" {
  type    = string
  default = null
}

module "my_events" {
  source = "../../../../terraform/modules/kinesis_event_flow"

  event_type  = "my_event_type"
  environment = "dev"

  # Stream configuration
  shard_count      = 1
  retention_period = 24

  # Lambda processor
  lambda_source_path = "${path.module}/lambda/my_handler"
  lambda_handler     = "handler.process_event"
  lambda_runtime     = "python3.11"
  lambda_memory_size = 256
  lambda_timeout     = 30

  # Batching
  batch_size           = 100
  batch_window_seconds = 5

  # Error handling
  dlq_enabled        = true
  max_retry_attempts = 3
}

module "api_gateway" {
  source = "../../../../terraform/modules/api_gateway"

  name         = "events-ingestion"
  environment  = "dev"
  endpoint_url = var.endpoint_url

  event_streams = {
    my_event_type = {
      stream_name = module.my_events.stream_name
      stream_arn  = module.my_events.stream_arn
      kms_key_arn = module.my_events.kms_key_arn
    }
  }

  stage_name            = "v1"
  throttling_rate_limit = 10000
  enable_access_logging = true
}

output "my_events" {
  value = module.my_events
}

output "api_gateway" {
  value = module.api_gateway
}
