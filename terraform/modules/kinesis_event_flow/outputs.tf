output "stream_name" {
  description = "Kinesis stream of the event type."
  value       = aws_kinesis_stream.this.name
}

output "stream_arn" {
  description = "ARN of the stream."
  value       = aws_kinesis_stream.this.arn
}

output "kms_key_arn" {
  description = "Key that encrypts the stream."
  value       = aws_kms_key.this.arn
}

output "processor_function_name" {
  description = "Lambda processor."
  value       = module.processor.name
}

output "processor_log_group_name" {
  description = "Log group of the processor."
  value       = module.processor.log_group_name
}

output "event_source_mapping_id" {
  description = "UUID of the event source mapping."
  value       = aws_lambda_event_source_mapping.this.uuid
}

output "dlq_url" {
  description = "URL of the dead-letter queue; null if it is turned off."
  value       = one(aws_sqs_queue.dlq[*].url)
}

output "dlq_arn" {
  description = "ARN of the dead-letter queue; null if it is turned off."
  value       = one(aws_sqs_queue.dlq[*].arn)
}

output "alarm_names" {
  description = "Alarms on iterator age and errors."
  value = [
    aws_cloudwatch_metric_alarm.iterator_age.alarm_name,
    aws_cloudwatch_metric_alarm.errors.alarm_name,
  ]
}
