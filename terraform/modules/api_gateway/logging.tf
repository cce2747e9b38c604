resource "aws_cloudwatch_log_group" "access" {
  count = var.enable_access_logging ? 1 : 0

  name              = "/aws/apigateway/${local.name}/access-logs"
  retention_in_days = var.log_retention_days
}

locals {
  logging_role_count = var.enable_access_logging && var.manage_account_logging_role ? 1 : 0
}

resource "aws_iam_role" "logging" {
  count = local.logging_role_count

  name = "${local.name}-api-logging"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

# API Gateway checks that its account's role may write any log group: AWS's own managed policy says the same.
resource "aws_iam_role_policy" "logging" {
  count = local.logging_role_count

  name = "write-logs"
  role = aws_iam_role.logging[0].name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
      ]
      Resource = "*"
    }]
  })
}

resource "aws_api_gateway_account" "this" {
  count = local.logging_role_count

  cloudwatch_role_arn = aws_iam_role.logging[0].arn

  # Deprecated because provider 6 always does it; without it, destroy leaves the account a role that is gone.
  reset_on_delete = true

  depends_on = [aws_iam_role_policy.logging]
}
