# The delivery half: Firehose with a transform function -> HTTP endpoint, failed records to S3

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  region               = data.aws_region.current.name
  delivery_stream_name = "${var.name_prefix}log-relay-firehose"
  function_name        = "${var.name_prefix}firehose-transform-handler"
  bucket_name          = "${var.name_prefix}log-relay-backup-${data.aws_caller_identity.current.account_id}-${local.region}"
  lambda_package_path  = coalesce(var.lambda_package_path, "${path.module}/../../../build/lambdas/log_relay_transform.zip")
}

module "bucket" {
  source = "../delivery_bucket"

  name = local.bucket_name
}

module "function" {
  source = "../lambda_function"

  name         = local.function_name
  package_path = local.lambda_package_path
  handler      = "lambda_firehose_handler.lambda_handler"
  timeout      = 60

  environment = { FAILURE_MARKER = var.failure_marker }
}

module "delivery_role" {
  source = "../delivery_stream_role"

  delivery_stream_name    = local.delivery_stream_name
  bucket_arn              = module.bucket.arn
  transform_function_arns = [module.function.arn]
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  name        = local.delivery_stream_name
  destination = "http_endpoint"

  http_endpoint_configuration {
    name               = "New Relic"
    url                = var.new_relic_url
    access_key         = var.new_relic_access_key
    role_arn           = module.delivery_role.role_arn
    buffering_size     = 1
    buffering_interval = 60
    retry_duration     = var.retry_duration_seconds
    s3_backup_mode     = "FailedDataOnly"

    # Retries and the function's buffer keep their defaults (3, 1 MB, 60 s): the provider does not store
    # parameters that equal a default and would plan them again for ever.
    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${module.function.arn}:$LATEST"
        }
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = module.delivery_role.log_group_name
      log_stream_name = module.delivery_role.destination_log_stream_name
    }

    s3_configuration {
      role_arn           = module.delivery_role.role_arn
      bucket_arn         = module.bucket.arn
      buffering_size     = 1
      buffering_interval = 60

      cloudwatch_logging_options {
        enabled         = true
        log_group_name  = module.delivery_role.log_group_name
        log_stream_name = module.delivery_role.backup_log_stream_name
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "high_s3_backup" {
  alarm_name          = "${var.name_prefix}firehose-high-s3-backup"
  alarm_description   = "Too many records going to S3 backup"
  namespace           = "AWS/Firehose"
  metric_name         = "DeliveryToS3.Records"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 100
  alarm_actions       = var.alarm_actions

  dimensions = { DeliveryStreamName = aws_kinesis_firehose_delivery_stream.this.name }
}
