# POST /events/<type> and /events/batch/<type> -> one Kinesis stream per type -> Lambda processor, SQS on failure

module "flow" {
  source   = "../kinesis_event_flow"
  for_each = var.event_types

  event_type          = each.key
  name_prefix         = var.name_prefix
  environment         = var.environment
  lambda_source_path  = coalesce(each.value.lambda_source_path, "${path.module}/../../../lambdas/${each.key}")
  lambda_package_path = each.value.lambda_package_path
  lambda_handler      = each.value.lambda_handler
  lambda_runtime      = each.value.lambda_runtime
  lambda_memory_size  = each.value.lambda_memory_size
  lambda_timeout      = each.value.lambda_timeout
  lambda_vpc_config   = each.value.lambda_vpc_config

  shard_count         = each.value.shard_count
  retention_period    = each.value.retention_period
  enhanced_monitoring = each.value.enhanced_monitoring

  batch_size                     = each.value.batch_size
  batch_window_seconds           = each.value.batch_window_seconds
  dlq_enabled                    = each.value.dlq_enabled
  max_retry_attempts             = each.value.max_retry_attempts
  bisect_batch_on_function_error = each.value.bisect_batch_on_function_error

  alarm_actions = var.alarm_actions
}

module "api_gateway" {
  source = "../api_gateway"

  name         = "events-ingestion"
  name_prefix  = var.name_prefix
  environment  = var.environment
  endpoint_url = var.endpoint_url

  event_streams = {
    for type, flow in module.flow : type => {
      stream_name = flow.stream_name
      stream_arn  = flow.stream_arn
      kms_key_arn = flow.kms_key_arn
    }
  }

  stage_name                  = var.stage_name
  throttling_rate_limit       = var.throttling_rate_limit
  throttling_burst_limit      = var.throttling_burst_limit
  api_key_required            = var.api_key_required
  cors_allowed_origins        = var.cors_allowed_origins
  enable_access_logging       = var.enable_access_logging
  manage_account_logging_role = var.manage_account_logging_role
}
