# The stack `submit` twice more, in one apply: both ways of authentication, both ways of encryption. For tests only.

variable "endpoint_url" {
  type    = string
  default = null
}

locals {
  trusted = "arn:aws:iam::000000000000:user/submit-reader"
}

module "lambda" {
  source = "../../../../terraform/stacks/submit"

  name_prefix  = "lambda-"
  endpoint_url = var.endpoint_url

  authentication     = "lambda"
  api_tokens         = ["an-example-token-of-the-tests", "another-example-token"]
  encryption         = "AES256"
  bucket_reader_arns = [local.trusted]
}

module "jwt" {
  source = "../../../../terraform/stacks/submit"

  name_prefix  = "jwt-"
  endpoint_url = var.endpoint_url

  authentication     = "jwt"
  jwt_issuer         = "https://issuer.example.com"
  jwt_audience       = ["submit-clients"]
  jwt_scopes         = ["submit/write"]
  encryption         = "aws:kms"
  bucket_reader_arns = [local.trusted]
}

output "lambda" {
  value = module.lambda
}

output "jwt" {
  value = module.jwt
}
