output "submit_url" {
  description = "URL to POST a JSON document to."
  value       = module.submit.submit_url
}

output "api_id" {
  description = "Id of the HTTP API."
  value       = module.submit.api_id
}

output "function_name" {
  description = "Lambda function behind the route."
  value       = module.submit.function_name
}

output "function_log_group_name" {
  description = "Log group of the function."
  value       = module.submit.function_log_group_name
}

output "stream_name" {
  description = "Kinesis data stream."
  value       = module.submit.stream_name
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = module.submit.stream_arn
}

output "delivery_stream_name" {
  description = "Firehose delivery stream."
  value       = module.submit.delivery_stream_name
}

output "delivery_log_group_name" {
  description = "Log group for delivery errors."
  value       = module.submit.delivery_log_group_name
}

output "bucket_name" {
  description = "Bucket with the delivered objects."
  value       = module.submit.bucket_name
}
