variable "name" {
  description = "Bucket name, unique in all of AWS."
  type        = string
}
