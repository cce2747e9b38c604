# The stack `submit` twice more, in one apply: both ways of authentication, both ways of encryption. For tests only.

variable "endpoint_url" {
  type    = string
  default = null
}

# Known once the tests run: where their issuer of JWTs listens.
variable "jwt_issuer" {
  type = string
}

locals {
  reader = "arn:aws:iam::000000000000:user/submit-reader"
}

module "lambda" {
  source = "../../../../terraform/stacks/submit"

  name_prefix  = "lambda-"
  endpoint_url = var.endpoint_url

  authentication     = "lambda"
  api_tokens         = ["an-example-token-of-the-tests", "another-example-token"]
  encryption         = "AES256"
  bucket_reader_arns = [local.reader]
}

module "jwt" {
  source = "../../../../terraform/stacks/submit"

  name_prefix  = "jwt-"
  endpoint_url = var.endpoint_url

  authentication     = "jwt"
  jwt_issuer         = var.jwt_issuer
  jwt_audience       = ["submit"]
  jwt_scopes         = ["submit/write"]
  encryption         = "aws:kms"
  bucket_reader_arns = [local.reader]
}

output "lambda" {
  value = module.lambda
}

output "jwt" {
  value = module.jwt
}
