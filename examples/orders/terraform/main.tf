# Orders: Kinesis data stream -> Firehose with a transform function -> S3

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "name_prefix" {
  description = "Put before every name. Bucket names are shared by all of AWS: on AWS, set it."
  type        = string
  default     = ""
}

locals {
  # Made from lambdas/price_orders; on AWS by `python -m harness.provision.package` before `terraform apply`.
  package = "${path.module}/../build/lambdas/price_orders.zip"
}

resource "aws_kinesis_stream" "orders" {
  name        = "${var.name_prefix}orders"
  shard_count = 1
}

resource "aws_s3_bucket" "orders" {
  bucket        = "${var.name_prefix}priced-orders"
  force_destroy = true
}

resource "aws_lambda_function" "price" {
  function_name    = "${var.name_prefix}price-orders"
  role             = aws_iam_role.function.arn
  filename         = local.package
  source_code_hash = filebase64sha256(local.package)
  handler          = "handler.handler"
  runtime          = "python3.11"
  timeout          = 60
}

resource "aws_kinesis_firehose_delivery_stream" "orders" {
  name        = "${var.name_prefix}orders"
  destination = "extended_s3"

  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.orders.arn
    role_arn           = aws_iam_role.delivery.arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.delivery.arn
    bucket_arn          = aws_s3_bucket.orders.arn
    buffering_interval  = 300
    prefix              = "priced/"
    error_output_prefix = "failed/!{firehose:error-output-type}/"

    processing_configuration {
      enabled = true

      processors {
        type = "Lambda"

        parameters {
          parameter_name  = "LambdaArn"
          parameter_value = "${aws_lambda_function.price.arn}:$LATEST"
        }
      }
    }
  }

  depends_on = [aws_iam_role_policy.delivery]
}

output "stream_name" {
  value = aws_kinesis_stream.orders.name
}

output "function_name" {
  value = aws_lambda_function.price.function_name
}

output "bucket_name" {
  value = aws_s3_bucket.orders.bucket
}
