module "event_ingestion" {
  source = "../../modules/event_ingestion"

  name_prefix                 = var.name_prefix
  environment                 = var.environment
  endpoint_url                = var.endpoint_url
  event_types                 = var.event_types
  stage_name                  = var.stage_name
  throttling_rate_limit       = var.throttling_rate_limit
  throttling_burst_limit      = var.throttling_burst_limit
  api_key_required            = var.api_key_required
  cors_allowed_origins        = var.cors_allowed_origins
  enable_access_logging       = var.enable_access_logging
  manage_account_logging_role = var.manage_account_logging_role
  alarm_actions               = var.alarm_actions
}
