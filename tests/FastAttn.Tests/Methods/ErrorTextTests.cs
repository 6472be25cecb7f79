using FastAttn.Methods;

namespace FastAttn.Tests.Methods;

public class ErrorTextTests
{
    [Theory]
    [InlineData(0, 0, "without error")]
    [InlineData(1.2e-5, 0, "with an error of at most 1.2e-5 of exp(bias)")]
    [InlineData(0, 5.6e-9, "with an error of at most 5.6e-9 of the largest exp(bias)")]
    [InlineData(6e-8, 1.4e-45, "with an error of at most 6e-8 of exp(bias) plus 1.4e-45 of the largest")]
    public void OnlyErrorsThatThereAreAreNamed(double relative, double absolute, string text) => Assert.Equal(text, ErrorText.Of(relative, absolute));
}
