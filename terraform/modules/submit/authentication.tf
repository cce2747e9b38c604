# Who may POST: everybody ("none"), who knows a token ("lambda"), or who holds a JWT of an issuer ("jwt").

locals {
  authorization_types = { none = "NONE", lambda = "CUSTOM", jwt = "JWT" }

  authorizer_package_path = coalesce(
    var.authorizer_package_path, "${path.module}/../../../build/lambdas/submit_authorizer.zip"
  )
}

module "authorizer" {
  source = "../lambda_function"
  count  = var.authentication == "lambda" ? 1 : 0

  name         = "${var.name_prefix}api-submit-authorizer"
  package_path = local.authorizer_package_path
  handler      = "handler.lambda_handler"
  timeout      = 5

  # Digests, not tokens: who reads the function's configuration or the state cannot call the API with them.
  environment = { TOKEN_DIGESTS = nonsensitive(join(",", [for token in var.api_tokens : sha256(token)])) }
}

resource "aws_apigatewayv2_authorizer" "this" {
  count = var.authentication == "none" ? 0 : 1

  api_id           = aws_apigatewayv2_api.this.id
  name             = var.authentication
  authorizer_type  = var.authentication == "jwt" ? "JWT" : "REQUEST"
  identity_sources = ["$request.header.Authorization"]

  authorizer_uri                    = one(module.authorizer[*].invoke_arn)
  authorizer_payload_format_version = var.authentication == "lambda" ? "2.0" : null
  authorizer_result_ttl_in_seconds  = var.authentication == "lambda" ? 300 : null
  enable_simple_responses           = var.authentication == "lambda" ? true : null

  dynamic "jwt_configuration" {
    for_each = var.authentication == "jwt" ? [true] : []
    content {
      issuer   = var.jwt_issuer
      audience = var.jwt_audience
    }
  }

  lifecycle {
    precondition {
      condition     = var.authentication != "lambda" || length(var.api_tokens) > 0
      error_message = "authentication = \"lambda\" needs api_tokens."
    }
    precondition {
      condition     = var.authentication != "jwt" || (var.jwt_issuer != null && length(var.jwt_audience) > 0)
      error_message = "authentication = \"jwt\" needs jwt_issuer and jwt_audience."
    }
  }
}

resource "aws_lambda_permission" "authorizer" {
  count = var.authentication == "lambda" ? 1 : 0

  statement_id  = "AllowAuthorizer"
  action        = "lambda:InvokeFunction"
  function_name = module.authorizer[0].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/authorizers/${aws_apigatewayv2_authorizer.this[0].id}"
}
