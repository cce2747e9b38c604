locals {
  api_url = (
    var.endpoint_url == null
    ? aws_api_gateway_stage.this.invoke_url
    : "${trimsuffix(coalesce(var.endpoint_url, "-"), "/")}/_aws/execute-api/${aws_api_gateway_rest_api.this.id}/${aws_api_gateway_stage.this.stage_name}"
  )
}

output "api_gateway_url" {
  description = "URL of the stage; events go to <url>/events/<type> and <url>/events/batch/<type>."
  value       = local.api_url
  depends_on  = [aws_iam_role_policy.streams, aws_api_gateway_method_settings.all]
}

output "event_urls" {
  description = "Event type -> URL to POST one event to."
  value       = { for type in keys(var.event_streams) : type => "${local.api_url}/events/${type}" }
}

output "batch_urls" {
  description = "Event type -> URL to POST several events to."
  value       = { for type in keys(var.event_streams) : type => "${local.api_url}/events/batch/${type}" }
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.this.id
}

output "stage_name" {
  description = "Stage of the REST API."
  value       = aws_api_gateway_stage.this.stage_name
}

output "access_log_group_name" {
  description = "Log group with one line per request; null if access logging is off."
  value       = one(aws_cloudwatch_log_group.access[*].name)
}

output "api_key_id" {
  description = "Id of the key to send in x-api-key; null if none is required. `aws apigateway get-api-key --include-value` shows it."
  value       = one(aws_api_gateway_api_key.this[*].id)
}
