variable "name_prefix" {
  description = "Put before every name, so that several copies can live in one account."
  type        = string
  default     = ""
}

variable "endpoint_url" {
  description = "Local AWS endpoint that the printed URLs go through; null prints the URLs of AWS."
  type        = string
  default     = null
}

variable "lambda_package_path" {
  description = "Zip of the submit handler; null takes build/lambdas/submit.zip of this repository."
  type        = string
  default     = null
}

variable "buffering_size_mb" {
  description = "Firehose delivers when this many MB wait ..."
  type        = number
  default     = 5
}

variable "buffering_interval_seconds" {
  description = "... or after this many seconds, whichever comes first."
  type        = number
  default     = 60
}

variable "authentication" {
  description = "Who may POST: `none` (everybody), `lambda` (bearers of one of `api_tokens`) or `jwt` (bearers of a JWT)."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["none", "lambda", "jwt"], var.authentication)
    error_message = "authentication is none, lambda or jwt."
  }
}

variable "api_tokens" {
  description = "For `lambda`: the tokens, long and random, that a caller may send as `Authorization: Bearer <token>`."
  type        = list(string)
  default     = []
  sensitive   = true
}

variable "jwt_issuer" {
  description = "For `jwt`: the issuer's URL, below which its OpenID configuration is found."
  type        = string
  default     = null
}

variable "jwt_audience" {
  description = "For `jwt`: a JWT's `aud` or `client_id` must be one of these."
  type        = list(string)
  default     = []
}

variable "jwt_scopes" {
  description = "For `jwt`: a JWT must have one of these scopes; empty asks for none."
  type        = list(string)
  default     = []
}

variable "encryption" {
  description = "How the bucket encrypts: `AES256` (keys of S3) or `aws:kms` (a key of its own, made here)."
  type        = string
  default     = "AES256"

  validation {
    condition     = contains(["AES256", "aws:kms"], var.encryption)
    error_message = "encryption is AES256 or aws:kms."
  }
}

variable "bucket_reader_arns" {
  description = "Who else may reach the objects (ARNs, `*` allowed) than the delivery stream, whoever applies this and root."
  type        = list(string)
  default     = []
}

variable "authorizer_package_path" {
  description = "Zip of the authorizer; null takes build/lambdas/submit_authorizer.zip of this repository."
  type        = string
  default     = null
}
