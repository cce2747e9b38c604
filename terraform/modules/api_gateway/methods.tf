# POST sends to Kinesis; OPTIONS answers a browser's preflight without a backend.

locals {
  post_responses = {
    for pair in setproduct(keys(local.paths), keys(local.responses)) :
    "${pair[0]}/${pair[1]}" => { endpoint = pair[0], status = pair[1] }
  }

  # The keys of local.endpoints without its ids: for_each must know its keys while planning.
  paths = merge(
    { for type in keys(var.event_streams) : "single/${type}" => "events/${type}" },
    { for type in keys(var.event_streams) : "batch/${type}" => "events/batch/${type}" },
  )
}

resource "aws_api_gateway_method" "post" {
  for_each = local.paths

  rest_api_id      = aws_api_gateway_rest_api.this.id
  resource_id      = local.endpoints[each.key].resource_id
  http_method      = "POST"
  authorization    = "NONE"
  api_key_required = var.api_key_required
}

resource "aws_api_gateway_integration" "post" {
  for_each = local.paths

  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = local.endpoints[each.key].resource_id
  http_method             = aws_api_gateway_method.post[each.key].http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:${data.aws_partition.current.partition}:apigateway:${data.aws_region.current.name}:kinesis:action/${local.endpoints[each.key].action}"
  credentials             = aws_iam_role.streams.arn
  passthrough_behavior    = "NEVER"
  request_parameters      = { "integration.request.header.Content-Type" = "'application/x-amz-json-1.1'" }
  request_templates       = { "application/json" = local.endpoints[each.key].template }
}

resource "aws_api_gateway_method_response" "post" {
  for_each = local.post_responses

  rest_api_id         = aws_api_gateway_rest_api.this.id
  resource_id         = local.endpoints[each.value.endpoint].resource_id
  http_method         = aws_api_gateway_method.post[each.value.endpoint].http_method
  status_code         = each.value.status
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = true }
}

resource "aws_api_gateway_integration_response" "post" {
  for_each = local.post_responses

  rest_api_id         = aws_api_gateway_rest_api.this.id
  resource_id         = local.endpoints[each.value.endpoint].resource_id
  http_method         = aws_api_gateway_integration.post[each.value.endpoint].http_method
  status_code         = aws_api_gateway_method_response.post[each.key].status_code
  selection_pattern   = local.responses[each.value.status].pattern
  response_parameters = { "method.response.header.Access-Control-Allow-Origin" = local.cors_origin_header }
  response_templates  = { "application/json" = "${local.cors_override}${local.responses[each.value.status].template}" }
}

resource "aws_api_gateway_method" "options" {
  for_each = local.paths

  rest_api_id   = aws_api_gateway_rest_api.this.id
  resource_id   = local.endpoints[each.key].resource_id
  http_method   = "OPTIONS"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "options" {
  for_each = local.paths

  rest_api_id       = aws_api_gateway_rest_api.this.id
  resource_id       = local.endpoints[each.key].resource_id
  http_method       = aws_api_gateway_method.options[each.key].http_method
  type              = "MOCK"
  request_templates = { "application/json" = jsonencode({ statusCode = 200 }) }
}

resource "aws_api_gateway_method_response" "options" {
  for_each = local.paths

  rest_api_id         = aws_api_gateway_rest_api.this.id
  resource_id         = local.endpoints[each.key].resource_id
  http_method         = aws_api_gateway_method.options[each.key].http_method
  status_code         = "200"
  response_parameters = { for header in keys(local.cors_headers) : header => true }
}

resource "aws_api_gateway_integration_response" "options" {
  for_each = local.paths

  rest_api_id         = aws_api_gateway_rest_api.this.id
  resource_id         = local.endpoints[each.key].resource_id
  http_method         = aws_api_gateway_integration.options[each.key].http_method
  status_code         = aws_api_gateway_method_response.options[each.key].status_code
  response_parameters = local.cors_headers
  response_templates  = local.cors_override == "" ? null : { "application/json" = local.cors_override }
}
