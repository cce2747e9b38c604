# What the document recommends for production, and every setting that its examples leave alone.

module "isolated_events" {
  source = "../../../../terraform/modules/kinesis_event_flow"

  event_type  = "isolated"
  environment = "prod"

  shard_count         = 2
  retention_period    = 48
  enhanced_monitoring = true

  lambda_source_path = "${path.module}/lambda/my_handler"
  lambda_memory_size = 512
  lambda_timeout     = 60
  lambda_environment = { TEAM = "events" }
  lambda_vpc_config = {
    subnet_ids         = ["subnet-0a1b2c3d"]
    security_group_ids = ["sg-0a1b2c3d"]
  }

  batch_size                     = 10
  batch_window_seconds           = 0
  dlq_enabled                    = false
  max_retry_attempts             = 1
  bisect_batch_on_function_error = true

  iterator_age_alarm_ms = 5000
  error_alarm_threshold = 0
  log_retention_days    = 7
}

module "secured_api" {
  source = "../../../../terraform/modules/api_gateway"

  name         = "secured"
  environment  = "prod"
  endpoint_url = var.endpoint_url

  event_streams = {
    isolated = {
      stream_name = module.isolated_events.stream_name
      stream_arn  = module.isolated_events.stream_arn
      kms_key_arn = module.isolated_events.kms_key_arn
    }
  }

  stage_name             = "live"
  throttling_rate_limit  = 1
  throttling_burst_limit = 2
  api_key_required       = true
  cors_allowed_origins   = ["https://shop.example", "https://admin.example"]
  enable_access_logging  = false
}

output "isolated_events" {
  value = module.isolated_events
}

output "secured_api" {
  value = module.secured_api
}
