output "stream_name" {
  description = "Kinesis data stream to put sensor readings into."
  value       = module.iot.stream_name
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = module.iot.stream_arn
}

output "function_name" {
  description = "Transform function."
  value       = module.iot.function_name
}

output "function_log_group_name" {
  description = "Log group of the function."
  value       = module.iot.function_log_group_name
}

output "delivery_stream_name" {
  description = "Firehose delivery stream."
  value       = module.iot.delivery_stream_name
}

output "delivery_log_group_name" {
  description = "Log group for delivery and backup errors."
  value       = module.iot.delivery_log_group_name
}

output "bucket_name" {
  description = "Bucket with transformed records, failed records and the source backup."
  value       = module.iot.bucket_name
}

output "data_prefix" {
  description = "Keys of transformed records start with this."
  value       = module.iot.data_prefix
}

output "error_prefix" {
  description = "Keys of failed records start with this."
  value       = module.iot.error_prefix
}

output "backup_prefix" {
  description = "Keys of the untransformed source records (GZIP) start with this."
  value       = module.iot.backup_prefix
}
