module "submit" {
  source = "../../modules/submit"

  name_prefix                = var.name_prefix
  endpoint_url               = var.endpoint_url
  lambda_package_path        = var.lambda_package_path
  buffering_size_mb          = var.buffering_size_mb
  buffering_interval_seconds = var.buffering_interval_seconds

  authentication = var.authentication
  api_tokens     = var.api_tokens
  jwt_issuer     = var.jwt_issuer
  jwt_audience   = var.jwt_audience
  jwt_scopes     = var.jwt_scopes

  encryption         = var.encryption
  bucket_reader_arns = var.bucket_reader_arns
}
