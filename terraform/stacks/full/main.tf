# All four systems side by side. Their names are disjoint; `name_prefix` tells copies of the whole apart.

module "submit" {
  source = "../submit"

  name_prefix                = var.name_prefix
  endpoint_url               = var.endpoint_url
  buffering_interval_seconds = var.buffering_interval_seconds
}

module "iot" {
  source = "../iot"

  name_prefix                = var.name_prefix
  buffering_interval_seconds = var.buffering_interval_seconds
}

module "log_relay" {
  source = "../log-relay"

  name_prefix          = var.name_prefix
  endpoint_url         = var.endpoint_url
  new_relic_url        = var.new_relic_url
  new_relic_access_key = var.new_relic_access_key
  alarm_actions        = var.alarm_actions
}

module "event_ingestion" {
  source = "../event-ingestion"

  name_prefix  = var.name_prefix
  endpoint_url = var.endpoint_url
  environment  = var.environment
  event_types  = var.event_types

  manage_account_logging_role = var.manage_account_logging_role
  alarm_actions               = var.alarm_actions
}
