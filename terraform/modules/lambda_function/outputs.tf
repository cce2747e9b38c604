output "name" {
  description = "Function name."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "Function ARN; known once the function may do its work."
  value       = aws_lambda_function.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "invoke_arn" {
  description = "ARN that an API Gateway integration calls."
  value       = aws_lambda_function.this.invoke_arn
  depends_on  = [aws_iam_role_policy.this]
}

output "log_group_name" {
  description = "CloudWatch log group of the function."
  value       = aws_cloudwatch_log_group.this.name
}
