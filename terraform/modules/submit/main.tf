# POST /submit -> Lambda -> Kinesis data stream -> Firehose -> S3

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# Whoever applies this: the role behind a session, else the user.
data "aws_iam_session_context" "current" {
  arn = data.aws_caller_identity.current.arn
}

locals {
  stream_name          = "${var.name_prefix}api-kinesis-stream"
  delivery_stream_name = "${var.name_prefix}api-kinesis-firehose"
  function_name        = "${var.name_prefix}api-submit-handler"
  bucket_name          = "${var.name_prefix}api-kinesis-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.name}"
  lambda_package_path  = coalesce(var.lambda_package_path, "${path.module}/../../../build/lambdas/submit.zip")

  api_url = (
    var.endpoint_url == null
    ? aws_apigatewayv2_api.this.api_endpoint
    : "${trimsuffix(coalesce(var.endpoint_url, "-"), "/")}/_aws/execute-api/${aws_apigatewayv2_api.this.id}"
  )
}

resource "aws_kinesis_stream" "this" {
  name                      = local.stream_name
  shard_count               = 1
  retention_period          = 24
  enforce_consumer_deletion = true
}

resource "aws_kms_key" "bucket" {
  count = var.encryption == "aws:kms" ? 1 : 0

  description             = "Objects in ${local.bucket_name}"
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

module "bucket" {
  source = "../delivery_bucket"

  name        = local.bucket_name
  encryption  = var.encryption
  kms_key_arn = one(aws_kms_key.bucket[*].arn)

  known_principal_arns = concat(
    [
      module.delivery_role.role_arn,
      data.aws_iam_session_context.current.issuer_arn,
      # The account's root can take the policy away in any case.
      "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root",
    ],
    var.bucket_reader_arns,
  )
}

module "delivery_role" {
  source = "../delivery_stream_role"

  delivery_stream_name = local.delivery_stream_name
  bucket_arn           = module.bucket.arn
  source_stream_arns   = [aws_kinesis_stream.this.arn]
  bucket_key_arns      = aws_kms_key.bucket[*].arn
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = local.delivery_stream_name
  destination = "extended_s3"

  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.this.arn
    role_arn           = module.delivery_role.role_arn
  }

  extended_s3_configuration {
    role_arn           = module.delivery_role.role_arn
    bucket_arn         = module.bucket.arn
    buffering_size     = var.buffering_size_mb
    buffering_interval = var.buffering_interval_seconds

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = module.delivery_role.log_group_name
      log_stream_name = module.delivery_role.destination_log_stream_name
    }
  }
}

module "function" {
  source = "../lambda_function"

  name         = local.function_name
  package_path = local.lambda_package_path
  handler      = "handler.lambda_handler"
  timeout      = 10

  environment = { KINESIS_STREAM = local.stream_name }
  policy_statements = [{
    actions   = ["kinesis:PutRecord"]
    resources = [aws_kinesis_stream.this.arn]
  }]
}

resource "aws_apigatewayv2_api" "this" {
  name          = "${var.name_prefix}api-kinesis"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "submit" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.function.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "submit" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "POST /submit"
  target    = "integrations/${aws_apigatewayv2_integration.submit.id}"

  authorization_type   = local.authorization_types[var.authentication]
  authorizer_id        = one(aws_apigatewayv2_authorizer.this[*].id)
  authorization_scopes = var.authentication == "jwt" ? var.jwt_scopes : null
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_lambda_permission" "api" {
  statement_id  = "AllowSubmitRoute"
  action        = "lambda:InvokeFunction"
  function_name = module.function.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/POST/submit"
}
