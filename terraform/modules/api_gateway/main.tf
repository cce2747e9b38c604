# The API, its paths and its stage. Methods: methods.tf. Templates: templates.tf. Access log: logging.tf. Refusals:
# gateway_responses.tf.

data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  name = "${var.name_prefix}${var.environment}-${var.name}"

  # "single/<type>" and "batch/<type>" -> where it lives and what it calls
  endpoints = merge(
    {
      for type, stream in var.event_streams : "single/${type}" => {
        path        = "events/${type}"
        resource_id = aws_api_gateway_resource.single[type].id
        action      = "PutRecord"
        template    = replace(local.single_template, "@stream@", stream.stream_name)
      }
    },
    {
      for type, stream in var.event_streams : "batch/${type}" => {
        path        = "events/batch/${type}"
        resource_id = aws_api_gateway_resource.batch_type[type].id
        action      = "PutRecords"
        template    = replace(local.batch_template, "@stream@", stream.stream_name)
      }
    },
  )
}

resource "aws_api_gateway_rest_api" "this" {
  name = local.name

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "events" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "events"
}

resource "aws_api_gateway_resource" "batch" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.events.id
  path_part   = "batch"
}

resource "aws_api_gateway_resource" "single" {
  for_each = var.event_streams

  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.events.id
  path_part   = each.key
}

resource "aws_api_gateway_resource" "batch_type" {
  for_each = var.event_streams

  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_resource.batch.id
  path_part   = each.key
}

resource "aws_iam_role" "streams" {
  name = "${local.name}-api"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "streams" {
  name = "put-records"
  role = aws_iam_role.streams.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["kinesis:PutRecord", "kinesis:PutRecords"]
        Resource = [for stream in var.event_streams : stream.stream_arn]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey"]
        Resource = [for stream in var.event_streams : stream.kms_key_arn]
      },
    ]
  })
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # Ids and templates only: whole resources hash differently after a refresh and would redeploy for ever.
  triggers = {
    redeployment = sha1(jsonencode([
      local.endpoints,
      local.responses,
      local.cors_headers,
      local.cors_override,
      var.api_key_required,
      { for key, method in aws_api_gateway_method.post : key => method.id },
      { for key, integration in aws_api_gateway_integration.post : key => integration.id },
      { for key, integration in aws_api_gateway_integration.options : key => integration.id },
      keys(aws_api_gateway_gateway_response.refused),
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_integration_response.post,
    aws_api_gateway_integration_response.options,
    aws_api_gateway_gateway_response.refused,
  ]
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id   = aws_api_gateway_rest_api.this.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = var.stage_name

  dynamic "access_log_settings" {
    for_each = aws_cloudwatch_log_group.access
    content {
      destination_arn = access_log_settings.value.arn
      format          = local.access_log_format
    }
  }

  # AWS takes access log settings only once the account has a role to log with.
  depends_on = [aws_api_gateway_account.this]
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    throttling_rate_limit  = var.throttling_rate_limit
    throttling_burst_limit = var.throttling_burst_limit
  }
}

resource "aws_api_gateway_api_key" "this" {
  count = var.api_key_required ? 1 : 0

  name = "${local.name}-key"
}

resource "aws_api_gateway_usage_plan" "this" {
  count = var.api_key_required ? 1 : 0

  name = "${local.name}-plan"

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = var.throttling_rate_limit
    burst_limit = var.throttling_burst_limit
  }
}

resource "aws_api_gateway_usage_plan_key" "this" {
  count = var.api_key_required ? 1 : 0

  key_id        = aws_api_gateway_api_key.this[0].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this[0].id
}
