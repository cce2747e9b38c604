module "log_relay" {
  source = "../../modules/log_relay"

  name_prefix            = var.name_prefix
  endpoint_url           = var.endpoint_url
  lambda_package_path    = var.lambda_package_path
  new_relic_url          = var.new_relic_url
  new_relic_access_key   = var.new_relic_access_key
  retry_duration_seconds = var.retry_duration_seconds
  failure_marker         = var.failure_marker
  alarm_actions          = var.alarm_actions
}
