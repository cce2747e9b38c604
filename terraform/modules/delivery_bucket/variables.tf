variable "name" {
  description = "Bucket name, unique in all of AWS."
  type        = string
}

variable "encryption" {
  description = "How objects are encrypted: `AES256` (keys of S3) or `aws:kms` (`kms_key_arn`)."
  type        = string
  default     = "AES256"

  validation {
    condition     = contains(["AES256", "aws:kms"], var.encryption)
    error_message = "encryption is AES256 or aws:kms."
  }
}

variable "kms_key_arn" {
  description = "Key for `aws:kms`; null otherwise."
  type        = string
  default     = null
}

variable "known_principal_arns" {
  description = "Who may reach the objects (ARNs, `*` allowed); everybody else is denied. Null denies nobody."
  type        = list(string)
  default     = null
}
