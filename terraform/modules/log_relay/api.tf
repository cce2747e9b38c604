# The intake half: REST API, POST / on stage prod -> Firehose PutRecord

locals {
  # Plain text is taken too: the transform function wraps it.
  request_template = jsonencode({
    DeliveryStreamName = local.delivery_stream_name
    Record             = { Data = "$util.base64Encode($input.body)" }
  })
  request_templates = {
    "application/json" = local.request_template
    "text/plain"       = local.request_template
  }

  # Status of the API -> which statuses of Firehose it stands for (null: all others), and its body
  # (null: Firehose's own).
  responses = {
    "200" = { pattern = null, template = null }
    "400" = { pattern = "4\\d{2}", template = "{\"message\":$input.json('$.message')}" }
    "500" = { pattern = "5\\d{2}", template = "{\"message\":\"The delivery stream is not available\"}" }
  }

  api_url = (
    var.endpoint_url == null
    ? aws_api_gateway_stage.prod.invoke_url
    : "${trimsuffix(coalesce(var.endpoint_url, "-"), "/")}/_aws/execute-api/${aws_api_gateway_rest_api.this.id}/${aws_api_gateway_stage.prod.stage_name}"
  )
}

resource "aws_iam_role" "api" {
  name = "${var.name_prefix}log-relay-api"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "api" {
  name = "put-record"
  role = aws_iam_role.api.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["firehose:PutRecord"]
      Resource = [aws_kinesis_firehose_delivery_stream.this.arn]
    }]
  })
}

resource "aws_api_gateway_rest_api" "this" {
  name = "${var.name_prefix}log-relay"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_method" "post" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  resource_id   = aws_api_gateway_rest_api.this.root_resource_id
  http_method   = "POST"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "post" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_rest_api.this.root_resource_id
  http_method             = aws_api_gateway_method.post.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:${data.aws_partition.current.partition}:apigateway:${local.region}:firehose:action/PutRecord"
  credentials             = aws_iam_role.api.arn
  passthrough_behavior    = "NEVER"
  request_parameters      = { "integration.request.header.Content-Type" = "'application/x-amz-json-1.1'" }
  request_templates       = local.request_templates
}

resource "aws_api_gateway_method_response" "post" {
  for_each = local.responses

  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_rest_api.this.root_resource_id
  http_method = aws_api_gateway_method.post.http_method
  status_code = each.key
}

resource "aws_api_gateway_integration_response" "post" {
  for_each = local.responses

  rest_api_id        = aws_api_gateway_rest_api.this.id
  resource_id        = aws_api_gateway_rest_api.this.root_resource_id
  http_method        = aws_api_gateway_integration.post.http_method
  status_code        = aws_api_gateway_method_response.post[each.key].status_code
  selection_pattern  = each.value.pattern
  response_templates = each.value.template == null ? null : { "application/json" = each.value.template }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # Ids and templates only: whole resources hash differently after a refresh and would redeploy for ever.
  triggers = {
    redeployment = sha1(jsonencode([
      aws_api_gateway_method.post.id,
      aws_api_gateway_integration.post.id,
      aws_api_gateway_integration.post.uri,
      local.request_templates,
      local.responses,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_api_gateway_integration_response.post]
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = "prod"
}
