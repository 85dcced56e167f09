"""What somebody who means ill would write, at every place where the product reads what others wrote."""
