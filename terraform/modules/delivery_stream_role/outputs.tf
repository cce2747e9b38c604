output "role_arn" {
  description = "Role ARN; known once the role may do its work, because Firehose checks that on create."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "log_group_name" {
  description = "CloudWatch log group for delivery errors."
  value       = aws_cloudwatch_log_group.this.name
}

output "destination_log_stream_name" {
  description = "Log stream for errors of the destination."
  value       = aws_cloudwatch_log_stream.this["DestinationDelivery"].name
}

output "backup_log_stream_name" {
  description = "Log stream for errors of the backup."
  value       = aws_cloudwatch_log_stream.this["BackupDelivery"].name
}
