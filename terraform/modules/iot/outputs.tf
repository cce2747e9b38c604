output "stream_name" {
  description = "Kinesis data stream to put sensor readings into."
  value       = aws_kinesis_stream.this.name
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = aws_kinesis_stream.this.arn
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

output "bucket_name" {
  description = "Bucket with transformed records, failed records and the source backup."
  value       = module.bucket.name
}

output "data_prefix" {
  description = "Keys of transformed records start with this."
  value       = local.data_prefix
}

output "error_prefix" {
  description = "Keys of failed records start with this."
  value       = local.error_prefix
}

output "backup_prefix" {
  description = "Keys of the untransformed source records (GZIP) start with this."
  value       = local.backup_prefix
}
