output "submit_url" {
  description = "URL to POST a JSON document to."
  value       = "${local.api_url}/submit"
  depends_on = [
    aws_apigatewayv2_route.submit,
    aws_apigatewayv2_stage.default,
    aws_lambda_permission.api,
    aws_lambda_permission.authorizer,
  ]
}

output "api_id" {
  description = "Id of the HTTP API."
  value       = aws_apigatewayv2_api.this.id
}

output "function_name" {
  description = "Lambda function behind the route."
  value       = module.function.name
}

output "function_log_group_name" {
  description = "Log group of the function."
  value       = module.function.log_group_name
}

output "stream_name" {
  description = "Kinesis data stream."
  value       = aws_kinesis_stream.this.name
}

output "stream_arn" {
  description = "ARN of the Kinesis data stream."
  value       = aws_kinesis_stream.this.arn
}

output "delivery_stream_name" {
  description = "Firehose delivery stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "delivery_log_group_name" {
  description = "Log group for delivery errors."
  value       = module.delivery_role.log_group_name
}

output "bucket_name" {
  description = "Bucket with the delivered objects."
  value       = module.bucket.name
}
