output "api_invoke_url" {
  description = "URL to POST a log record to (application/json or text/plain)."
  value       = "${local.api_url}/"
  depends_on  = [aws_iam_role_policy.api]
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "function_name" {
  description = "Transform function."
  value       = module.function.name
}

output "function_log_group_name" {
  description = "Log group of the function."
  value       = module.function.log_group_name
}

output "delivery_stream_name" {
  description = "Firehose delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "delivery_log_group_name" {
  description = "Log group for delivery and backup errors."
  value       = module.delivery_role.log_group_name
}

output "firehose_bucket_name" {
  description = "Bucket with the records that could not be processed or delivered."
  value       = module.bucket.name
}

output "alarm_name" {
  description = "Alarm on records going to the backup bucket."
  value       = aws_cloudwatch_metric_alarm.high_s3_backup.alarm_name
}

output "http_endpoint_url" {
  description = "Endpoint that takes the transformed records."
  value       = var.new_relic_url
}
