output "api_invoke_url" {
  description = "URL to POST a log record to (application/json or text/plain)."
  value       = module.log_relay.api_invoke_url
}

output "api_id" {
  description = "Id of the REST API."
  value       = module.log_relay.api_id
}

output "function_name" {
  description = "Transform function."
  value       = module.log_relay.function_name
}

output "function_log_group_name" {
  description = "Log group of the function."
  value       = module.log_relay.function_log_group_name
}

output "delivery_stream_name" {
  description = "Firehose delivery stream."
  value       = module.log_relay.delivery_stream_name
}

output "delivery_log_group_name" {
  description = "Log group for delivery and backup errors."
  value       = module.log_relay.delivery_log_group_name
}

output "firehose_bucket_name" {
  description = "Bucket with the records that could not be processed or delivered."
  value       = module.log_relay.firehose_bucket_name
}

output "alarm_name" {
  description = "Alarm on records going to the backup bucket."
  value       = module.log_relay.alarm_name
}

output "http_endpoint_url" {
  description = "Endpoint that takes the transformed records."
  value       = module.log_relay.http_endpoint_url
}
